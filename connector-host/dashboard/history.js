// Samples of each task, for charts. Kept in this page only: they begin when it was opened.
const limit = 600;
const tasks = new Map();

export function record(task, now) {
  let samples = tasks.get(task.name);
  if (!samples) tasks.set(task.name, (samples = []));
  const last = samples[samples.length - 1];
  if (last && now - last.time < 500) return;
  samples.push({time: now, lag: task.lag, delay: task.delay_ms, rate: task.records_per_second, memory: task.memory_bytes});
  if (samples.length > limit) samples.splice(0, samples.length - limit);
}

export const samplesOf = (name) => tasks.get(name) ?? [];

export function forgetAllBut(names) {
  for (const name of tasks.keys()) if (!names.has(name)) tasks.delete(name);
}
