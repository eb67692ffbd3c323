// Which addresses a sensor may talk to. A task's author chooses the URL, so addresses of our own network are refused
// unless the installation names them: a sensor must not become a way to ask the metadata server or the database.
// Invariant: what was judged is what is connected to; the name is not resolved a second time.
import { lookup } from "node:dns";
import type { LookupAddress, LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";

const PRIVATE: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 4, "ipv4"],
  ["240.0.0.0", 4, "ipv4"],
  ["::", 128, "ipv6"],
  ["::1", 128, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

const privateAddresses = new BlockList();
for (const [address, bits, family] of PRIVATE) privateAddresses.addSubnet(address, bits, family);

export interface AddressPolicy {
  allows(address: string): boolean;
}

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

function networkIn(text: string): Network | undefined {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const bitsMax = version === 6 ? 128 : 32;
  const bits = length === undefined ? bitsMax : Number(length);
  if (version === 0 || bits > bitsMax) return undefined;
  return { address, bits, family: version === 6 ? "ipv6" : "ipv4" };
}

/** A network as CIDR, or a single address. */
export const isNetwork = (text: string): boolean => networkIn(text) !== undefined;

/** `allowed`: networks as CIDR, or single addresses. */
export function addressPolicy(allowed: readonly string[]): AddressPolicy {
  const exceptions = new BlockList();
  for (const text of allowed) {
    const network = networkIn(text);
    if (network === undefined)
      throw new Error(`private address ${JSON.stringify(text)}: want one like 10.1.0.0/16`);
    exceptions.addSubnet(network.address, network.bits, network.family);
  }
  return {
    allows(address) {
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      return exceptions.check(address, family) || !privateAddresses.check(address, family);
    },
  };
}

/** The host is an address of ours, or a name for one. */
export class PrivateAddress extends Error {
  override readonly name = "PrivateAddress";
}

export function refused(host: string, address: string): PrivateAddress {
  const what = host === address ? host : `${host} is ${address}, which`;
  return new PrivateAddress(
    `${what} is a private address: want a public one, or a network that the installation allows`,
  );
}

type Callback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** A look-up for sockets that gives only addresses that may be talked to. */
export function judgingLookup(policy: AddressPolicy, resolve: typeof lookup = lookup) {
  return (host: string, options: LookupOptions, callback: Callback): void => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, "");
      const bad = found.find(({ address }) => !policy.allows(address));
      const [first] = found;
      if (bad !== undefined) return callback(refused(host, bad.address), "");
      if (first === undefined) return callback(new Error(`${host}: no address`), "");
      if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };
}
