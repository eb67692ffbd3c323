// npm runs a script through a shell. Told to stop, npm tells the shell, and a shell that dies tells nobody;
// so under npm the loss of the parent means: stop. Without npm it means nothing (`nohup`, a closed terminal).
const LOOK_MS = 300;

/** Calls `onLost` once, when the process that started us is gone. Returns how to stop looking. */
export function watchParent(onLost) {
  if (process.env.npm_lifecycle_event === undefined) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onLost();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
