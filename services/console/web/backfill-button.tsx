// The button that opens the form of a backfill.
import { useRef, useState } from "react";
import type { ApiDag } from "../src/api.ts";
import { later } from "./later.tsx";

const BackfillForm = later(async () => (await import("./backfill-form.tsx")).BackfillForm);

export function BackfillButton({ dag }: { readonly dag: ApiDag }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [opened, setOpened] = useState(0);
  const open = (): void => {
    setOpened(opened + 1);
    dialog.current?.showModal();
  };
  return (
    <>
      <button type="button" onClick={open}>
        Backfill
      </button>
      <dialog ref={dialog} className="wide" aria-label={`Backfill ${dag.dagId}`}>
        {opened > 0 && (
          <BackfillForm key={opened} dag={dag} onClose={() => dialog.current?.close()} />
        )}
      </dialog>
    </>
  );
}
