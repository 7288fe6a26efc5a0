import { type ComponentType, createElement, type ReactNode, useEffect, useState } from "react";
import { Loading } from "../ui/States";

/**
 * A page whose code is read when it is wanted, or ahead of that by `read`. Not `lazy` with `Suspense`: there React holds
 * back what has come for up to 300 ms after it has shown a fallback, also where the code was there all the time.
 */
export function later<P extends object>(from: () => Promise<{ default: ComponentType<P> }>): { Page: (props: P) => ReactNode; read: () => Promise<void> } {
  let page: ComponentType<P> | undefined;
  const read = async () => {
    page ??= (await from()).default;
  };
  function Page(props: P) {
    const [state, setState] = useState<{ failed?: unknown }>({});
    useEffect(() => {
      if (page) return;
      let gone = false;
      read().then(
        () => gone || setState({}),
        (failed: unknown) => gone || setState({ failed }),
      );
      return () => void (gone = true);
    }, []);
    // The boundary around every page says what went wrong.
    if (state.failed !== undefined) throw state.failed;
    return page ? createElement(page, props) : <Loading />;
  }
  return { Page, read };
}
