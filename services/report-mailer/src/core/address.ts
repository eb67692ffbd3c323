// Which texts are mail addresses. Stricter than the RFCs on purpose: an address comes from somebody's table,
// and a mail library reads "a@x\r\nBcc: e@x" or "a@x, e@x" as more than one recipient.

const ADDRESS_LENGTH_MAX = 254;
const LOCAL_LENGTH_MAX = 64;

const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The address without surrounding blanks, or undefined when it is none. */
export function parseAddress(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const address = text.replace(/^[ \t]+|[ \t]+$/g, "");
  if (address.length > ADDRESS_LENGTH_MAX || address.indexOf("@") > LOCAL_LENGTH_MAX) {
    return undefined;
  }
  return ADDRESS.test(address) ? address : undefined;
}

/** Text that goes into a header: one line, no control characters, of bounded length. */
export function headerText(text: string, lengthMax: number): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")
    .trim()
    .slice(0, lengthMax);
}
