// Who uses connections of a type can test them: what libs/contracts says of each service is what the service answers.
import { expect, test } from "vitest";
import { parseEnvironmentFile } from "../libs/chassis/src/index.ts";
import { connectionTypes } from "../libs/contracts/src/index.ts";
import { connectionTries as notifier } from "../services/alert-notifier/src/try-connections.ts";
import { connectionTries as console } from "../services/console/src/connections/try-connections.ts";
import { connectionTries as pods } from "../services/k8s-runner/src/try-connections.ts";
import { connectionTries as mailer } from "../services/report-mailer/src/try-connections.ts";
import { addressPolicy } from "../services/sensor-runner/src/ports/addresses.ts";
import { connectionsOf } from "../services/sensor-runner/src/ports/connections.ts";
import { connectionTries as sensors } from "../services/sensor-runner/src/try-connections.ts";
import { connectionTries as vertex } from "../services/vertex-runner/src/try-connections.ts";

const file = parseEnvironmentFile("environments/test.yaml", "connections: {}\n");
const tries: Readonly<Record<string, object>> = {
  "alert-notifier": notifier(file, {}, { timeoutMs: 1_000 }),
  console: console(file, {}),
  "k8s-runner": pods(file, {}),
  "report-mailer": mailer(file, {}),
  "sensor-runner": sensors({ policy: addressPolicy([]), connections: connectionsOf(file, {}) }),
  "vertex-runner": vertex(file, {}, () => 0),
};

test("each service that uses connections of a type tries them, and no others", () => {
  const wanted = Object.entries(connectionTypes).flatMap(([type, { usedBy }]) =>
    usedBy.map((service): string => `${service} ${type}`),
  );
  const found = Object.entries(tries).flatMap(([service, own]) =>
    Object.keys(own).map((type) => `${service} ${type}`),
  );
  expect(found.toSorted()).toEqual(wanted.toSorted());
});
