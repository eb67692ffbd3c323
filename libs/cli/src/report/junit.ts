// JUnit's XML: one suite per DAG file; one case that it compiles, and one for each policy that holds in the environment.
// What is denied has failed; a warning is told in the output of a case that passed.
import type { Problem } from "@chasqui/dag";
import type { FileVerdict, Verdict } from "./verdict.ts";
import { wordsOf } from "./verdict.ts";

interface Case {
  readonly name: string;
  readonly problems: readonly Problem[];
}

export function junitReport({ environment, files, policies }: Verdict): string {
  const suites = files.map((file) => {
    const asked = file.compiles ? policies.map(({ policy }) => policy) : [];
    const cases: Case[] = [
      { name: "compiles", problems: file.problems.filter(({ policy }) => policy === undefined) },
      ...asked.map(({ id, about }) => ({
        name: `${id}: ${about}`,
        problems: file.problems.filter(({ policy }) => policy?.id === id),
      })),
    ];
    return { file, cases };
  });
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="chasqui validate (${attribute(environment)})" tests="${all.length}" failures="${all.filter(hasFailed).length}">`,
    ...suites.flatMap(suiteLines),
    "</testsuites>",
    "",
  ].join("\n");
}

const hasFailed = ({ problems }: Case): boolean =>
  problems.some(({ severity }) => severity === "error");

function suiteLines({
  file,
  cases,
}: {
  readonly file: FileVerdict;
  readonly cases: readonly Case[];
}) {
  const name = attribute(file.file);
  const failures = cases.filter(hasFailed).length;
  return [
    `  <testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="0">`,
    ...cases.flatMap((one) => caseLines(name, one)),
    "  </testsuite>",
  ];
}

function caseLines(className: string, one: Case): string[] {
  const open = `    <testcase classname="${className}" name="${attribute(one.name)}"`;
  if (one.problems.length === 0) return [`${open}/>`];
  const inner = one.problems.map((problem) => {
    const { file, line, column, severity } = problem;
    const words = `${file}:${line}:${column}: ${wordsOf(problem)}`;
    return severity === "error"
      ? `      <failure message="${attribute(problem.message)}">${content(words)}</failure>`
      : `      <system-out>${content(`warning: ${words}`)}</system-out>`;
  });
  return [`${open}>`, ...inner, "    </testcase>"];
}

const content = (text: string): string =>
  [...text]
    .filter(isXmlChar)
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

const attribute = (text: string): string =>
  content(text).replaceAll('"', "&quot;").replace(/\s+/g, " ");

/** Control characters and halves of surrogates have no place in XML 1.0, not even escaped. */
function isXmlChar(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}
