// What a failed `npm ci` means: the package it failed on, and what to do about it. From npm's own output.

const ADVICE = [
  [
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|ENETUNREACH)\b/,
    "the package registry cannot be reached: check the network and `npm config get registry`, " +
      "`npm config get proxy`; what has arrived is in npm's cache, so run the same command again",
  ],
  [
    /\bENOSPC\b/,
    "the disk is full: node_modules needs about 1 GB; free some space and run the same command again",
  ],
  [
    /\b(EACCES|EPERM|EROFS)\b/,
    "npm may not write there: check who owns the clone and npm's cache (`npm config get cache`)",
  ],
  [
    /\bEINTEGRITY\b/,
    "a package is not what the lock file says: run `npm cache clean --force`, then the same command again",
  ],
  [
    /\b(E401|E403)\b/,
    "the registry refuses access: check your credentials in ~/.npmrc for `npm config get registry`",
  ],
  [
    /\b(E404|ETARGET)\b/,
    "the registry does not have this package: a mirror may lag behind; check `npm config get registry`",
  ],
  [
    /\bEUSAGE\b/,
    "package-lock.json and package.json disagree: undo local changes (`git checkout package-lock.json package.json`)",
  ],
];

/** The package named by npm's error lines, or undefined when they name none. */
export function packageOf(output) {
  const errors = output.split("\n").filter((line) => /^npm (error|ERR!)/.test(line));
  for (const line of errors) {
    const url =
      /https?:\/\/[^\s/]+\/(?:[^\s@]*\/)?((?:@[^\s/%]+(?:\/|%2f))?[^\s/]+)(?:\/-\/(\S+?)\.tgz)?(?:[\s,:]|$)/i.exec(
        line,
      );
    if (url?.[1] !== undefined) {
      const name = decodeURIComponent(url[1]);
      const version = /-(\d+\.\d+\.\d+\S*)$/.exec(url[2] ?? "")?.[1];
      return version === undefined ? name : `${name}@${version}`;
    }
    const named =
      /No matching version found for (\S+?)\.?$|path .*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/.exec(
        line,
      );
    if (named !== null) return named[1] ?? named[2];
  }
  return undefined;
}

export function explainFailure({ code, output, log }) {
  const name = packageOf(output);
  const advice =
    ADVICE.find(([pattern]) => pattern.test(output))?.[1] ??
    "read the lines above, then run the same command again";
  const tail = output
    .trimEnd()
    .split("\n")
    .slice(-12)
    .map((line) => `    ${line}`);
  return [
    `npm ci failed (exit code ${code}${name === undefined ? "" : `, at the package ${name}`}). Its last lines:`,
    ...tail,
    `  What to do: ${advice}.`,
    `  The whole output is in ${log}`,
  ].join("\n");
}
