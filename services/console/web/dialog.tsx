// A button and the dialog that it opens. What is in it is made anew at each opening, so nothing of the last time is left.
import { useState, type ComponentProps, type ReactNode } from "react";

interface DialogButtonProps {
  /** Of the dialog, as it is when it opens. */
  readonly title: string;
  readonly className?: string;
  /** Of the button, beside what it does. */
  readonly button?: Omit<ComponentProps<"button">, "type" | "onClick" | "children">;
  readonly label: ReactNode;
  readonly children: (close: () => void) => ReactNode;
}

export function DialogButton({ title, className, button, label, children }: DialogButtonProps) {
  const [dialog, setDialog] = useState<HTMLDialogElement | null>(null);
  const [opened, setOpened] = useState<string>();
  const open = (): void => {
    setOpened(title);
    dialog?.showModal();
  };
  return (
    <>
      <button {...button} type="button" onClick={open}>
        {label}
      </button>
      <dialog
        ref={setDialog}
        className={className}
        aria-label={opened ?? title}
        onClose={() => setOpened(undefined)}
      >
        {opened !== undefined && children(() => dialog?.close())}
      </dialog>
    </>
  );
}

interface WhyProps {
  readonly reason: string;
  readonly setReason: (reason: string) => void;
}

/** The line for the audit, in a form that asks whether it is meant. */
export function Why({ reason, setReason }: WhyProps) {
  return (
    <input
      autoFocus
      aria-label="Why"
      placeholder="Why? (kept in the audit)"
      value={reason}
      onChange={(event) => setReason(event.target.value)}
    />
  );
}
