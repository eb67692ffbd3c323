// The environments that there are. A file of its own: commands read it without loading a whole service's chassis.

export const environments = ["local", "dev", "staging", "prod"] as const;
export type EnvironmentName = (typeof environments)[number];
