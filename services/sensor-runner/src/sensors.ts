// Every kind of sensor, by name. What a kind reaches outside with is imported by its first look.
import type { Connections } from "./ports/connections.ts";
import type { AddressPolicy } from "./ports/addresses.ts";
import type { StateMachine } from "./ports/look-dag.ts";
import type { Bus } from "@chasqui/bus";
import { dagSensor } from "./kinds/dag.ts";
import { eventSensor } from "./kinds/event.ts";
import { httpSensor } from "./kinds/http.ts";
import { timeSensor } from "./kinds/time.ts";
import { k8sSensor } from "./kinds/k8s.ts";
import { sensorKind } from "./kinds/kind.ts";
import { objectSensor } from "./kinds/object.ts";
import { sqlSensor } from "./kinds/sql.ts";
import type { SensorKind } from "./kinds/kind.ts";

export interface Outside {
  readonly policy: AddressPolicy;
  readonly connections: Connections;
  readonly stateMachine: StateMachine;
  readonly bus: Pick<Bus, "findMessage" | "streamPosition">;
}

export function sensorsOf(outside: Outside): ReadonlyMap<string, SensorKind<unknown>> {
  const all = [
    sensorKind(timeSensor),
    sensorKind(
      httpSensor(async () => {
        const { httpLooker } = await import("./ports/look-http.ts");
        return httpLooker(outside);
      }),
    ),
    sensorKind(
      sqlSensor(async () => {
        const { sqlLooker } = await import("./ports/look-sql.ts");
        const { databasePools } = await import("./ports/database-pools.ts");
        return sqlLooker(databasePools(outside.connections));
      }),
    ),
    sensorKind(
      objectSensor(async () => {
        const { objectLooker } = await import("./ports/look-object.ts");
        return objectLooker(outside);
      }),
    ),
    sensorKind(
      eventSensor(async () => {
        const { eventLooker } = await import("./ports/look-event.ts");
        return eventLooker(outside.bus);
      }),
    ),
    sensorKind(
      dagSensor(async () => {
        const { dagLooker } = await import("./ports/look-dag.ts");
        return dagLooker(outside.stateMachine);
      }),
    ),
    sensorKind(
      k8sSensor(async () => {
        const { k8sLooker } = await import("./ports/look-k8s.ts");
        return k8sLooker(outside.connections);
      }),
    ),
  ];
  return new Map(all.map((sensor) => [sensor.kind, sensor]));
}
