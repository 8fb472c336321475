// The address bar: five paths and the number of the exam that is looked at.

export type Path = "/" | "/board" | "/expert" | "/seat" | "/operator";
const PATHS: readonly string[] = ["/", "/board", "/expert", "/seat", "/operator"];

class Route {
  path = $state<string>("/");
  exam = $state<number | undefined>();

  constructor() {
    if (typeof location === "undefined") return;
    this.read();
    addEventListener("popstate", () => this.read());
  }

  get known(): boolean {
    return PATHS.includes(this.path);
  }

  go(path: string, exam?: number): void {
    history.pushState(null, "", exam === undefined ? path : `${path}?exam=${exam}`);
    this.read();
    scrollTo(0, 0);
  }

  /** Follows a link without a page load, unless the person asked for a new tab. */
  follow = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.currentTarget as HTMLAnchorElement;
    event.preventDefault();
    const url = new URL(link.href);
    const exam = url.searchParams.get("exam");
    this.go(url.pathname, exam === null ? undefined : Number(exam));
  };

  private read(): void {
    this.path = location.pathname.replace(/\/+$/, "") || "/";
    const exam = Number(new URLSearchParams(location.search).get("exam"));
    this.exam = Number.isSafeInteger(exam) && exam > 0 ? exam : undefined;
  }
}

export const route = new Route();
