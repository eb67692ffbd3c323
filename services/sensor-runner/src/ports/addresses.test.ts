import type { LookupAddress } from "node:dns";
import { describe, expect, test } from "vitest";
import { PrivateAddress, addressPolicy, judgingLookup } from "./addresses.ts";

describe("without exceptions", () => {
  const policy = addressPolicy([]);
  test.each([
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fd00::1",
    "fe80::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a01:203",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
  ])("%s is ours", (address) => expect(policy.allows(address)).toBe(false));

  test.each(["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.2.1", "2001:4860:4860::8888"])(
    "%s is not",
    (address) => expect(policy.allows(address)).toBe(true),
  );
});

test("networks that the installation names are allowed, the others stay ours", () => {
  const policy = addressPolicy(["10.1.0.0/16", "127.0.0.1", "fd00::/8"]);
  expect(["10.1.2.3", "127.0.0.1", "fd00::1"].every((one) => policy.allows(one))).toBe(true);
  expect(["10.2.0.1", "127.0.0.2", "::1"].some((one) => policy.allows(one))).toBe(false);
  expect(() => addressPolicy(["intranet"])).toThrow('"intranet": want one like 10.1.0.0/16');
});

describe("looking a name up", () => {
  const looked = (found: LookupAddress[], all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const resolveName: unknown = (
        _host: string,
        _options: unknown,
        callback: (error: null, found: LookupAddress[]) => void,
      ) => callback(null, found);
      const lookup = judgingLookup(
        addressPolicy([]),
        resolveName as Parameters<typeof judgingLookup>[1],
      );
      lookup("host.example", { all }, (error, address) =>
        error === null ? resolve(address) : reject(error),
      );
    });
  const good = { address: "8.8.8.8", family: 4 };

  test("gives what may be talked to, in the form that was asked for", async () => {
    expect(await looked([good], true)).toEqual([good]);
    expect(await looked([good], false)).toBe("8.8.8.8");
  });

  test("a name that has one address of ours among others is refused whole", async () => {
    const bad = { address: "10.0.0.5", family: 4 };
    await expect(looked([good, bad], true)).rejects.toThrow(PrivateAddress);
    await expect(looked([bad], false)).rejects.toThrow(
      "host.example is 10.0.0.5, which is a private address",
    );
  });

  test("a name without addresses is no private one", async () => {
    await expect(looked([], true)).rejects.toThrow("host.example: no address");
  });
});
