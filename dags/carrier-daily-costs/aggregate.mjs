// The pod of task `aggregate`: loads the deliveries of one day into the warehouse and says how many there are.
// A real job would read them from the carriers' systems; this one stamps the sample's rows with the day it is
// asked for, so that every day has data for ten of the twelve carriers.
// Invariant: doing a day again gives the same rows, however often and however many at a time.
import { readFile, writeFile } from "node:fs/promises";
import postgres from "postgres";
import { parseCsv } from "./csv.mjs";

const day = process.env.DAY ?? "";
if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day)))
  throw new Error(`DAY is ${JSON.stringify(day)}: want YYYY-MM-DD`);
const url = process.env.WAREHOUSE_URL;
if (!url) throw new Error("WAREHOUSE_URL is not set: want postgres://user:password@host/database");

const sample = (name) => readFile(new URL(`sample/${name}`, import.meta.url), "utf8");
const schema = await sample("warehouse.sql");
const carriers = parseCsv(await sample("carriers.csv"));
const deliveries = parseCsv(await sample("deliveries.csv")).map((row) => ({ ...row, day }));
console.log(`read ${carriers.length} carriers and ${deliveries.length} deliveries`);

const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 10 });
try {
  await sql.begin(async (tx) => {
    // "create table if not exists" is not safe against itself, so two loads take turns.
    await tx`select pg_advisory_xact_lock(hashtext('carrier-daily-costs'))`;
    await tx.unsafe(schema);
    await tx`
      insert into carrier select * from jsonb_populate_recordset(null::carrier, ${tx.json(carriers)})
      on conflict (carrier_id) do update
      set name = excluded.name, email = excluded.email, locale = excluded.locale, active = excluded.active`;
    const { count: removed } = await tx`delete from delivery where day = ${day}`;
    if (removed > 0) console.log(`${day} was loaded before: ${removed} rows are replaced`);
    await tx`insert into delivery select * from jsonb_populate_recordset(null::delivery, ${tx.json(deliveries)})`;
  });
  console.log(`loaded ${deliveries.length} deliveries of ${day}`);
  const [totals] = await sql`
    select count(distinct carrier_id)::int as carriers, count(*)::int as deliveries, sum(cost_cents)::text as total_cents
    from delivery where day = ${day}`;
  const output = { day, ...totals, total_cents: Number(totals.total_cents) };
  console.log(`${output.carriers} carriers, ${output.total_cents} cents`);
  // Chasqui hands what is written here to the tasks downstream, as tasks.aggregate.output.
  if (process.env.CHASQUI_OUTPUT)
    await writeFile(process.env.CHASQUI_OUTPUT, JSON.stringify(output));
} finally {
  await sql.end({ timeout: 5 });
}
