// Parts of the page that few look at: fetched when they are first shown, so that opening the page stays light.
import { useEffect, useState, type FunctionComponent } from "react";
import { RequestFailure } from "./client.ts";
import { Problem } from "./parts.tsx";

export function later<P extends object>(
  fetchPart: () => Promise<FunctionComponent<P>>,
): FunctionComponent<P> {
  let known: FunctionComponent<P> | undefined;
  return function Later(props: P) {
    const [Part, setPart] = useState(() => known);
    const [isMissing, setMissing] = useState(false);
    useEffect(() => {
      if (known !== undefined) return;
      fetchPart().then(
        (part) => {
          known = part;
          setPart(() => part);
        },
        () => setMissing(true),
      );
    }, []);
    if (Part !== undefined) return <Part {...props} />;
    return isMissing ? <Problem failure={missing} /> : <div className="loading" aria-busy="true" />;
  };
}

const missing = new RequestFailure(0, {
  error: "This part of the console cannot be read.",
  hint: "The console may have been renewed meanwhile: load the page again.",
});
