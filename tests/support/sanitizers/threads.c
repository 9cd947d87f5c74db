/* ThreadSanitizer knows pthreads, but not C11's threads, which librdkafka uses: the first allocation on one of those
 * crashes, and what their mutexes order looks like a race. So in its builds C11's calls are made of what it knows; glibc's
 * types for the two are the same. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

struct start {
  thrd_start_t function;
  void* argument;
};

static void* run(void* memory) {
  const struct start start = *(struct start*)memory;
  free(memory);
  return (void*)(intptr_t)start.function(start.argument);
}

int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  struct start* start = malloc(sizeof *start);
  if (start == NULL) return thrd_nomem;
  start->function = function;
  start->argument = argument;
  if (pthread_create(thread, NULL, run, start) == 0) return thrd_success;
  free(start);
  return thrd_error;
}

int thrd_join(thrd_t thread, int* result) {
  void* value = NULL;
  if (pthread_join(thread, &value) != 0) return thrd_error;
  if (result != NULL) *result = (int)(intptr_t)value;
  return thrd_success;
}

static int result_of(int code) {
  if (code == 0) return thrd_success;
  if (code == EBUSY) return thrd_busy;
  return code == ETIMEDOUT ? thrd_timedout : thrd_error;
}

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc's mtx_t is a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's cnd_t is a pthread_cond_t");
#define MUTEX(mutex) ((pthread_mutex_t*)(void*)(mutex))
#define CONDITION(condition) ((pthread_cond_t*)(void*)(condition))

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
  const int code = pthread_mutex_init(MUTEX(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result_of(code);
}
void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy(MUTEX(mutex)); }
int mtx_lock(mtx_t* mutex) { return result_of(pthread_mutex_lock(MUTEX(mutex))); }
int mtx_trylock(mtx_t* mutex) { return result_of(pthread_mutex_trylock(MUTEX(mutex))); }
int mtx_unlock(mtx_t* mutex) { return result_of(pthread_mutex_unlock(MUTEX(mutex))); }

int cnd_init(cnd_t* condition) { return result_of(pthread_cond_init(CONDITION(condition), NULL)); }
void cnd_destroy(cnd_t* condition) { pthread_cond_destroy(CONDITION(condition)); }
int cnd_signal(cnd_t* condition) { return result_of(pthread_cond_signal(CONDITION(condition))); }
int cnd_broadcast(cnd_t* condition) { return result_of(pthread_cond_broadcast(CONDITION(condition))); }
int cnd_wait(cnd_t* condition, mtx_t* mutex) { return result_of(pthread_cond_wait(CONDITION(condition), MUTEX(mutex))); }
int cnd_timedwait(cnd_t* restrict condition, mtx_t* restrict mutex, const struct timespec* restrict until) {
  return result_of(pthread_cond_timedwait(CONDITION(condition), MUTEX(mutex), until));
}
