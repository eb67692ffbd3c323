import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { forgetSecrets, mask, maskJson, maskPasswordOf, maskSecrets } from "./secrets.ts";

afterEach(forgetSecrets);

const secretText = fc.string({ minLength: 6, maxLength: 40, unit: "grapheme" });

test("S1. no masked text contains a secret, plain or as JSON, URL or base-64 spell it", () => {
  fc.assert(
    fc.property(
      fc.array(secretText, { minLength: 1, maxLength: 5 }),
      fc.string(),
      (secrets, around) => {
        forgetSecrets();
        maskSecrets(secrets);
        for (const secret of secrets) {
          const spellings = [
            secret,
            JSON.stringify({ secret }),
            `https://host/?q=${encodeURIComponent(secret)}`,
            Buffer.from(secret).toString("base64"),
          ];
          for (const spelling of spellings) {
            const masked = mask(`${around}${spelling}`);
            expect(masked).toContain("[secret]");
            if (!around.includes(secret))
              expect(masked.replaceAll("[secret]", "")).not.toContain(secret);
          }
        }
      },
    ),
  );
});

test("S2. masked JSON is JSON, without the secret wherever it stood", () => {
  fc.assert(
    fc.property(secretText, fc.jsonValue({ maxDepth: 3 }), (secret, value) => {
      forgetSecrets();
      maskSecrets([secret]);
      const json = maskJson(JSON.stringify({ value, list: [`a ${secret}`], [secret]: secret }));
      const read: unknown = JSON.parse(json);
      expect(JSON.stringify(read).replaceAll("[secret]", "")).not.toContain(
        JSON.stringify(secret).slice(1, -1),
      );
      expect(read).toMatchObject({ list: ["a [secret]"], "[secret]": "[secret]" });
    }),
  );
});

test("S2. a number is masked when it is the secret, and JSON without one is as it was", () => {
  maskSecrets(["123456"]);
  expect(maskJson('{"pin":123456,"at":1123456789, "said":"it is 123456"}')).toBe(
    '{"pin":"[secret]","at":1123456789,"said":"it is [secret]"}',
  );
  expect(maskJson('{ "as":  "it was" }')).toBe('{ "as":  "it was" }');
});

test("S3. short values are not masked, nor is anything before a secret is known", () => {
  expect(mask("a quiet line")).toBe("a quiet line");
  maskSecrets(["", "a", "quiet"]);
  expect(mask("a quiet line")).toBe("a quiet line");
});

test("a secret that contains another one is masked whole", () => {
  maskSecrets(["sesame", "sesame-open-now"]);
  expect(mask("sesame-open-now, sesame")).toBe("[secret], [secret]");
});

test("the password of an address is masked as it is and as the address spells it", () => {
  maskPasswordOf("postgres://it:p%40ss%20word@127.0.0.1/x");
  expect(mask("p@ss word p%40ss%20word")).toBe("[secret] [secret]");
  expect(() => maskPasswordOf("not an address")).not.toThrow();
});
