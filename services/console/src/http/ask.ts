// What a request says, read with distrust: who asks, numbers, words, JSON bodies.
import type { GrpcCallOptions } from "@chasqui/chassis";
import type { JsonObject } from "@bufbuild/protobuf";
import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpError } from "./errors.ts";

/** Options of the calls that answer this request: in the asker's name, given up when the asker leaves. */
export function callOptions(request: FastifyRequest, reply: FastifyReply): GrpcCallOptions {
  const principal = request.headers["chasqui-principal"];
  const reason = request.headers["chasqui-reason"];
  const traceparent = request.headers["traceparent"];
  return {
    ...(typeof principal === "string" && principal !== ""
      ? { principal }
      : { principal: "anonymous" }),
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof traceparent === "string" ? { traceparent } : {}),
    signal: leaving(reply),
  };
}

/** Aborted when the connection ends before the answer does. */
export function leaving(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort(new Error("the caller left"));
  });
  return controller.signal;
}

type Texts = Readonly<Record<string, unknown>>;

export function textOf(from: unknown, name: string): string {
  const value = isTexts(from) ? from[name] : undefined;
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  throw bad(`${name} is ${JSON.stringify(value)}: want a text`);
}

export function pathText(request: FastifyRequest, name: string): string {
  const value = textOf(request.params, name);
  if (value === "") throw bad(`${name} is empty`);
  return value;
}

export function integerOf(
  from: unknown,
  name: string,
  range: { min: number; max: number },
): number {
  const text = textOf(from, name);
  if (text === "") return 0;
  const value = Number(text);
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw bad(`${name} is ${JSON.stringify(text)}: want an integer in ${range.min}..${range.max}`);
}

export function flagOf(from: unknown, name: string): boolean {
  const text = textOf(from, name);
  if (text === "" || text === "0" || text === "false") return false;
  if (text === "1" || text === "true") return true;
  throw bad(`${name} is ${JSON.stringify(text)}: want 1 or 0`);
}

/** The body as an object; an empty body is an empty object. Unknown fields are refused by name. */
export function bodyOf(request: FastifyRequest, fields: readonly string[]): Texts {
  const body = request.body ?? {};
  if (!isTexts(body)) throw bad("the body is not a JSON object");
  for (const name of Object.keys(body))
    if (!fields.includes(name)) throw bad(`the body has ${name}: want only ${fields.join(", ")}`);
  return body;
}

export function objectOf(from: Texts, name: string): JsonObject | undefined {
  const value = from[name];
  if (value === undefined || value === null) return undefined;
  if (isTexts(value)) return value as JsonObject; // it came out of a JSON body
  throw bad(`${name} is ${JSON.stringify(value).slice(0, 80)}: want a JSON object`);
}

export function instantOf(from: Texts, name: string): Date | undefined {
  const text = textOf(from, name);
  if (text === "") return undefined;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms);
  throw bad(`${name} is ${JSON.stringify(text)}: want RFC 3339, for example 2026-11-22T19:00:00Z`);
}

export function booleanOf(from: Texts, name: string): boolean {
  const value = from[name];
  if (typeof value === "boolean") return value;
  throw bad(`${name} is ${JSON.stringify(value)}: want true or false`);
}

/** A count in a body: absent means 0. */
export function numberOf(from: Texts, name: string): number {
  const value = from[name] ?? 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 31)
    return value;
  throw bad(`${name} is ${JSON.stringify(value).slice(0, 80)}: want an integer from 0`);
}

/** A switch in a body: absent means no. */
export const switchOf = (from: Texts, name: string): boolean =>
  from[name] === undefined ? false : booleanOf(from, name);

export function textsOf(from: Texts, name: string): string[] {
  const value = from[name] ?? [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw bad(`${name} is ${JSON.stringify(value).slice(0, 80)}: want a list of texts`);
}

export const bad = (message: string): HttpError =>
  new HttpError(400, message, "Change the request as the message says.");

const isTexts = (value: unknown): value is Texts =>
  typeof value === "object" && value !== null && !Array.isArray(value);
