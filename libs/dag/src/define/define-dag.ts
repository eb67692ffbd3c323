// DAGs in TypeScript: the YAML form as a value, with types. An edge that leads nowhere fails the type check: `needs`,
// `group` and `teardown` name only what is there, and `tasks.load.output.rows` only what `load` says.
//   export const dag = defineDag(
//     { id: "costs", outputs: { list: type<{ files: string[] }>() } },
//     ({ tasks }) => {
//       const files = each(tasks.list.output.files);
//       return {
//         tasks: {
//           list: { uses: "k8s.pod", with: { image: "costs:1" } },
//           load: { needs: ["list"], for_each: files, uses: "k8s.pod", with: { image: "costs:1", args: [files.item] } },
//         },
//       };
//     },
//   );
import { expressionName } from "../cel/scope.ts";
import { celOf, isExpr, refTo } from "./expr.ts";
import type { Ref } from "./expr.ts";
import type { Condition, DagBody, DagForm, DagHead, GroupForm, TaskForm } from "./forms.ts";
import type { FromSchema } from "./from-schema.ts";

/** A type as a value. */
export interface Type<out T> {
  readonly of?: T;
}
/** What a task says when it succeeds; of a mapped task, read from outside: the list of what its instances say. */
export const type = <T>(): Type<T> => ({});

/** What expressions may read. */
export interface Names<Outputs, Params, Event, Vars> {
  readonly tasks: { readonly [task in keyof Outputs]: TaskRef<Outputs[task]> };
  readonly params: Ref<Params>;
  readonly run: Ref<RunNames>;
  /** The event that started the run. */
  readonly event: Ref<{ readonly data: Event }>;
  readonly vars: Ref<Vars>;
}

export interface TaskRef<Output> {
  readonly state: Ref<string>;
  readonly output: Ref<Output>;
}

export interface RunNames {
  readonly id: string;
  readonly dag_id: string;
  readonly key: string;
  readonly date: string;
  readonly logical_time: string;
  /** The data that it is about. */
  readonly interval: { readonly start: string; readonly end: string };
  /** What started it. */
  readonly cause: string;
  readonly is_latest: boolean;
  /** Of on_exit tasks. */
  readonly state: string;
  readonly failed_tasks: readonly string[];
}

type Head<Outputs, Params, Event, Vars> = Omit<DagHead, "params"> & {
  readonly params?: Params;
  /** What tasks say, for those who read it. */
  readonly outputs?: { readonly [task in keyof Outputs]: Type<Outputs[task]> };
  /** Data of the event that starts the run. */
  readonly event?: Type<Event>;
  /** What the environment gives. */
  readonly vars?: Type<Vars>;
};
type Tasks<Outputs> = { readonly tasks: { readonly [task in keyof Outputs]: TaskForm } };

/** A DAG as one value. */
export function defineDag<const Id extends string, const Group extends string = never>(
  dag: DagForm<Id, Group>,
): DagForm<Id, Group>;
/** A DAG whose tasks read what others say, and the parameters, by typed names. */
export function defineDag<
  const Id extends string,
  const Group extends string = never,
  Outputs = Record<never, never>,
  const Params extends object = Record<never, never>,
  Event = unknown,
  Vars = Record<never, never>,
>(
  head: Head<Outputs, Params, Event, Vars>,
  body: (
    names: Names<Outputs, FromSchema<Params>, Event, Vars>,
  ) => DagBody<Id, Group> & Tasks<Outputs>,
): DagForm<Id, Group>;
export function defineDag(
  head: (DagForm | DagHead) & Head<Record<string, unknown>, object, unknown, unknown>,
  body?: (names: Names<Record<string, unknown>, unknown, unknown, unknown>) => DagBody,
): DagForm {
  const { outputs = {}, event: _event, vars: _vars, ...rest } = head;
  if (body === undefined) return written({ tasks: {}, ...rest });
  const tasks = Object.fromEntries(
    Object.keys(outputs).map((id) => {
      const path = `tasks.${expressionName(id)}`;
      return [id, { state: refTo<string>(`${path}.state`), output: refTo(`${path}.output`) }];
    }),
  );
  const names = {
    tasks,
    params: refTo("params"),
    run: refTo<RunNames>("run"),
    event: refTo<{ readonly data: unknown }>("event"),
    vars: refTo<unknown>("vars"),
  };
  return written({ ...rest, ...body(names) });
}

/** A condition is CEL by itself; everywhere else an expression writes itself as `${…}`. */
function written(dag: DagForm): DagForm {
  const plain = <Form extends TaskForm | GroupForm>(forms: Readonly<Record<string, Form>>) =>
    Object.fromEntries(
      Object.entries(forms).map(([id, form]): [string, Form] => [id, withText(form)]),
    );
  return {
    ...dag,
    ...(dag.groups === undefined ? {} : { groups: plain(dag.groups) }),
    tasks: plain(dag.tasks),
  };
}

function withText<Form extends { readonly when?: Condition }>(form: Form): Form {
  return isExpr(form.when) ? { ...form, when: celOf(form.when) } : form;
}
