// The type that a JSON Schema promises, as far as TypeScript can say it: for `params` of a DAG.

/** `{ type: "object", properties: { n: { type: "integer" } } }` is `{ n: number }`. */
export type FromSchema<S> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly type: "string" }
    ? string
    : S extends { readonly type: "integer" | "number" }
      ? number
      : S extends { readonly type: "boolean" }
        ? boolean
        : S extends { readonly type: "array"; readonly items: infer Items }
          ? FromSchema<Items>[]
          : S extends { readonly type: "object"; readonly properties: infer Properties }
            ? { readonly [name in keyof Properties]: FromSchema<Properties[name]> }
            : unknown;
