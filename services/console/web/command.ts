// A command of a dialog or a form: sent once at a time; what went wrong is kept to be shown.
import { useState } from "react";
import { failureOf, type RequestFailure } from "./client.ts";

export interface Command {
  readonly act: () => void;
  readonly isBusy: boolean;
  readonly failure: RequestFailure | undefined;
}

/** `done` is called once `send` has succeeded. */
export function useCommand(send: () => Promise<unknown>, done: () => void): Command {
  const [failure, setFailure] = useState<RequestFailure>();
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await send();
      done();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  return { act: () => void run(), isBusy, failure };
}
