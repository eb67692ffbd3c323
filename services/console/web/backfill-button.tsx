// The button that opens the form of a backfill.
import type { ApiDag } from "../src/api.ts";
import { DialogButton } from "./dialog.tsx";
import { later } from "./later.tsx";

const BackfillForm = later(async () => (await import("./backfill-form.tsx")).BackfillForm);

export function BackfillButton({ dag }: { readonly dag: ApiDag }) {
  return (
    <DialogButton title={`Backfill ${dag.dagId}`} className="wide" label="Backfill">
      {(close) => <BackfillForm dag={dag} onClose={close} />}
    </DialogButton>
  );
}
