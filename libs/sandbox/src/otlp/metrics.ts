// The latest point of each metric series, in memory: enough to see and to test what is measured.
import { decodeAttributes, decodeResource, each } from "./decode-common.ts";
import { serviceOf } from "./span.ts";
import type { Attributes } from "./span.ts";
import { double, packed, readFields, signed } from "./wire.ts";

const SERIES_MAX = 10_000;

export interface MetricPoint {
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram";
  readonly attributes: Attributes;
  /** Nanoseconds since 1970. */
  readonly time: string;
  /** Of a histogram: the sum of what was recorded. */
  readonly value: number;
  readonly count?: number;
  readonly bounds?: readonly number[];
  readonly buckets?: readonly number[];
}

export class MetricStore {
  readonly #series = new Map<string, MetricPoint>();

  add(points: readonly MetricPoint[]): void {
    for (const point of points) {
      const { service, name, attributes } = point;
      const labels = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const key = JSON.stringify([service, name, labels]);
      this.#series.delete(key);
      this.#series.set(key, point);
      const oldest = this.#series.keys().next().value;
      if (this.#series.size > SERIES_MAX && oldest !== undefined) this.#series.delete(oldest);
    }
  }

  find(wanted: { name?: string | undefined; service?: string | undefined }): MetricPoint[] {
    return [...this.#series.values()].filter(
      ({ name, service }) =>
        (wanted.name === undefined || wanted.name === name) &&
        (wanted.service === undefined || wanted.service === service),
    );
  }
}

const KINDS: Readonly<Record<number, MetricPoint["kind"]>> = {
  5: "gauge",
  7: "sum",
  9: "histogram",
};

/** ExportMetricsServiceRequest in protobuf. Summaries and exponential histograms are left out. */
export function decodeMetrics(request: Buffer): MetricPoint[] {
  return each(request, 1).flatMap((resourceMetrics) => {
    const service = serviceOf(each(resourceMetrics, 1).map(decodeResource).at(-1) ?? {});
    return each(resourceMetrics, 2)
      .flatMap((scopeMetrics) => each(scopeMetrics, 2))
      .flatMap((metric) => decodeMetric(metric, service));
  });
}

function decodeMetric(metric: Buffer, service: string): MetricPoint[] {
  const name = each(metric, 1).at(-1)?.toString("utf8") ?? "";
  const unit = each(metric, 3).at(-1)?.toString("utf8") ?? "";
  return readFields(metric).flatMap(({ number, bytes }) => {
    const kind = KINDS[number];
    if (kind === undefined) return [];
    return each(bytes, 1).map((point) => ({
      service,
      name,
      unit,
      kind,
      ...decodePoint(point, kind),
    }));
  });
}

function decodePoint(
  point: Buffer,
  kind: MetricPoint["kind"],
): Omit<MetricPoint, "service" | "name" | "unit" | "kind"> {
  const bits = new Map(readFields(point).map((field) => [field.number, field.bits]));
  const time = String(bits.get(3) ?? 0n);
  if (kind !== "histogram") {
    const asInt = bits.get(6);
    const value = asInt === undefined ? double(bits.get(4) ?? 0n) : signed(asInt);
    return { attributes: decodeAttributes(each(point, 7)), time, value };
  }
  return {
    attributes: decodeAttributes(each(point, 9)),
    time,
    value: double(bits.get(5) ?? 0n),
    count: Number(bits.get(4) ?? 0n),
    bounds: each(point, 7).flatMap(packed).map(double),
    buckets: each(point, 6).flatMap(packed).map(Number),
  };
}
