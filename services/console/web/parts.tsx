// Small things that several pages use.
import { useState, type ReactNode } from "react";
import type { RequestFailure } from "./client.ts";
import { instant, relative } from "./format.ts";
import type { Loaded } from "./live.ts";

/** A moment in relative words; the exact one on hover. */
export function When({ at, now }: { readonly at: string | undefined; readonly now: number }) {
  if (at === undefined) return <span className="none">–</span>;
  return (
    <time dateTime={at} title={instant(at)}>
      {relative(Date.parse(at), now)}
    </time>
  );
}

export function Problem({ failure }: { readonly failure: RequestFailure }) {
  return (
    <div className="problem" role="alert">
      <strong>{failure.message}</strong>
      {failure.hint !== "" && <span>{failure.hint}</span>}
    </div>
  );
}

/** Shows what was read; before that a quiet placeholder, and what went wrong above what was known. */
export function Show<T>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<T>;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, failure } = loaded;
  return (
    <>
      {failure !== undefined && <Problem failure={failure} />}
      {data === undefined
        ? failure === undefined && <div className="loading" aria-busy="true" />
        : children(data)}
    </>
  );
}

/** The title of the window: what is looked at, then whose console it is. */
export function Title({ children }: { readonly children: string }) {
  return <title>{`${children} · Chasqui`}</title>;
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

/** A name and a value, in a list of facts. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** One of a few words, all of them in sight. */
export function Chips<W extends string>({
  label,
  choices,
  chosen,
  choose,
}: {
  readonly label: string;
  readonly choices: Readonly<Record<W, string>>;
  readonly chosen: W;
  readonly choose: (word: W) => void;
}) {
  return (
    <div className="chips" role="group" aria-label={label}>
      {(Object.keys(choices) as W[]).map((word) => (
        // they are its only keys
        <button
          key={word}
          type="button"
          aria-pressed={word === chosen}
          onClick={() => choose(word)}
        >
          {choices[word]}
        </button>
      ))}
    </div>
  );
}

/** A text that a click puts into the clipboard. */
export function Copy({ text, shown }: { readonly text: string; readonly shown?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button type="button" className="copy" title={`Copy ${text}`} onClick={() => void copy()}>
      <code>{shown ?? text}</code>
      <span aria-live="polite">{isCopied ? "copied" : ""}</span>
    </button>
  );
}

/** JSON as it is; short enough to be read. */
export function Json({ value }: { readonly value: unknown }) {
  return <pre className="json">{JSON.stringify(value, null, 2)}</pre>;
}
