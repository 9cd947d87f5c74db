// Says to the compiler what a mutex guards. clang refuses code that touches it without the mutex (-Wthread-safety); to other
// compilers these are nothing. They work with base/mutex.hpp: the standard library's mutexes are not annotated.
#pragma once

#if defined(__clang__)
#define CH_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define CH_THREAD_ANNOTATION(x)
#endif

// Of a member: only who holds the mutex may touch it; of a pointer: what it points to.
#define CH_GUARDED_BY(mutex) CH_THREAD_ANNOTATION(guarded_by(mutex))
#define CH_PT_GUARDED_BY(mutex) CH_THREAD_ANNOTATION(pt_guarded_by(mutex))
// Of a function: its caller holds the mutex (of a SharedMutex: at least to read), or must not hold it.
#define CH_REQUIRES(...) CH_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define CH_REQUIRES_SHARED(...) CH_THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define CH_EXCLUDES(...) CH_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
// Of a mutex: the order in which two are locked.
#define CH_ACQUIRED_BEFORE(...) CH_THREAD_ANNOTATION(acquired_before(__VA_ARGS__))

// For base/mutex.hpp.
#define CH_CAPABILITY(name) CH_THREAD_ANNOTATION(capability(name))
#define CH_SCOPED_CAPABILITY CH_THREAD_ANNOTATION(scoped_lockable)
#define CH_ACQUIRE(...) CH_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define CH_ACQUIRE_SHARED(...) CH_THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define CH_RELEASE(...) CH_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define CH_RELEASE_SHARED(...) CH_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
