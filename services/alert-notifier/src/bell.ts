// A wait that a ring ends. A ring while nobody waits is kept for the next who does.
export interface Bell {
  ring(): void;
  wait(ms: number): Promise<void>;
}

export function bell(): Bell {
  let rung = false;
  let waiter: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      waiter?.();
    },
    async wait(ms) {
      if (!rung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          waiter = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      waiter = undefined;
      rung = false;
    },
  };
}
