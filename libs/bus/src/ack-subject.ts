// What the reply subject of a delivery says, read only when somebody asks.
// $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>, and later servers
// may put <domain>.<account hash> before the stream and a random token at the end.

export interface AckFacts {
  readonly stream: string;
  readonly consumer: string;
  readonly deliveryCount: number;
  readonly streamSequence: number;
  readonly consumerSequence: number;
  readonly publishedMs: number;
  /** Messages that wait behind this one. */
  readonly pending: number;
}

export function parseAckSubject(subject: string): AckFacts {
  const tokens = subject.split(".");
  const at = tokens.length === 9 ? 2 : 4;
  const number = (offset: number): number => Number(tokens[at + offset]);
  const facts: AckFacts = {
    stream: tokens[at] ?? "",
    consumer: tokens[at + 1] ?? "",
    deliveryCount: number(2),
    streamSequence: number(3),
    consumerSequence: number(4),
    // The last six digits are below a millisecond; as a number they would not fit.
    publishedMs: Number((tokens[at + 5] ?? "").slice(0, -6)),
    pending: number(6),
  };
  const isWhole = tokens[0] === "$JS" && tokens[1] === "ACK" && tokens.length >= 9;
  if (!isWhole || !Number.isSafeInteger(facts.streamSequence) || Number.isNaN(facts.pending))
    throw new TypeError(
      `not an ack subject: ${JSON.stringify(subject)}: want $JS.ACK.<stream>.<consumer>.<five numbers>`,
    );
  return facts;
}
