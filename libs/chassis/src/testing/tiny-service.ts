// The smallest service, for tests of a real process; TINY says how it misbehaves.
import { processSettings, runService, settingsFrom } from "../index.ts";

const misbehaves = process.env["TINY"];

await runService({
  name: "tiny",
  settings: (env) => settingsFrom(env, processSettings),
  async start(life) {
    await life.up({
      name: "part",
      async stop() {
        life.log.info("the part stops");
        if (misbehaves === "never stops") await new Promise(() => {});
      },
    });
    if (misbehaves === "fails to start") throw new Error(misbehaves);
    if (misbehaves === "throws later")
      setImmediate(() => {
        throw new Error(misbehaves);
      });
    if (misbehaves === "rejects later") void Promise.reject(new Error(misbehaves));
  },
});
