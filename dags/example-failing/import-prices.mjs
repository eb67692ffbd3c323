// A job that fails, to see what failing looks like: some lines of log, an error, and exit code 3.
const lines = [
  "connecting to the price feed of supplier 4711",
  "reading prices-2026.csv",
  "line 1 to 1,000: ok",
  "line 1,001 to 2,000: ok",
  'line 2,314: price "12,5O" of article A-1042: the last character is the letter O',
];
for (const line of lines) console.log(line);
console.error('error: price "12,5O" of article A-1042 is not a number: want digits and one comma');
process.exitCode = 3;
