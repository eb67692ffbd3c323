// What a command would change: the same request, with `dryRun`.
import { useEffect, useState } from "react";
import { postJson } from "./client.ts";

/** The answer of the dry run; undefined until it came, and when it fails: the command itself will say what is wrong. */
export function useDryRun<T>(url: string, body: object): T | undefined {
  const [answer, setAnswer] = useState<T>();
  const asked = JSON.stringify({ ...body, dryRun: true }); // equal by what it says, so asked once
  useEffect(() => {
    let isCurrent = true;
    postJson<T>(url, JSON.parse(asked) as object).then(
      (said) => isCurrent && setAnswer(said),
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [url, asked]);
  return answer;
}
