// Every kind of sensor, by name. What a kind reaches outside with is imported by its first look.
import type { ResolveConnection } from "./ports/connections.ts";
import type { AddressPolicy } from "./ports/addresses.ts";
import { httpSensor } from "./kinds/http.ts";
import { timeSensor } from "./kinds/time.ts";
import { sensorKind } from "./kinds/kind.ts";
import type { SensorKind } from "./kinds/kind.ts";

export interface Outside {
  readonly policy: AddressPolicy;
  readonly connection: ResolveConnection;
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
  ];
  return new Map(all.map((sensor) => [sensor.kind, sensor]));
}
