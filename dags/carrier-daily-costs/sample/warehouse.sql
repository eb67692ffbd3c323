-- The warehouse of the example: who the carriers are, and what they drove. `aggregate.mjs` applies it by itself.
create table if not exists carrier (
  carrier_id text primary key,
  name text not null,
  email text not null,
  locale text not null,
  active boolean not null default true
);

create table if not exists delivery (
  day date not null,
  delivery_id text not null,
  carrier_id text not null references carrier (carrier_id),
  route text not null,
  city text not null,
  parcels integer not null check (parcels > 0),
  -- Whole cents: amounts are never rounded on the way.
  cost_cents bigint not null check (cost_cents >= 0),
  primary key (day, delivery_id)
);

create index if not exists delivery_by_carrier on delivery (day, carrier_id);
