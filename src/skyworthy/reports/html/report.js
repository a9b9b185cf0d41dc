(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const form = $("filters");
  const told = $("told");
  const COUNTED = ["pass", "not_applicable"];
  const BOXES = ["verdict", "severity", "suite"];
  const initial = new Map(all("input[type=checkbox]", form).map((box) => [box, box.defaultChecked]));
  let component = null; // {id, name, env, said}

  const controls = all(".control").map((element) => {
    const details = element.querySelector("details");
    return {
      element, details,
      severity: element.dataset.severity,
      area: element.dataset.area,
      required: element.dataset.req.split(" "),
      text: element.dataset.text,
      counts: JSON.parse(element.dataset.counts),
      rows: all(".row", element).map((row) => ({
        element: row,
        verdict: row.dataset.verdict,
        places: JSON.parse(row.dataset.in),
        components: (row.dataset.component || "").split(" "),
        text: row.textContent.toLowerCase(),
      })),
    };
  });

  const environment = () => {
    const chosen = document.querySelector("input[name=environment]:checked");
    return chosen ? chosen.value : "";
  };
  const ticked = (name) => new Set(all(`input[name=${name}]:checked`, form).map((box) => box.value));
  const number = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  function apply() {
    const env = environment();
    const verdicts = ticked("verdict"), severities = ticked("severity"), suites = ticked("suite");
    const area = $("area").value, required = $("req").value;
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, silent = 0, entries = 0;
    for (const control of controls) {
      const fits = severities.has(control.severity)
        && (!area || control.area === area)
        && (!required || control.required.includes(required));
      let rows = 0;
      for (const row of control.rows) {
        const visible = fits && verdicts.has(row.verdict)
          && (!component || row.components.includes(component.id))
          && row.places.some(([name, suite]) => (!env || name === env) && suites.has(suite))
          && words.every((word) => row.text.includes(word) || control.text.includes(word));
        row.element.hidden = !visible;
        if (visible) rows += 1;
      }
      let quiet = 0;
      if (fits && !component && words.every((word) => control.text.includes(word))) {
        for (const [name, suite, verdict, count] of control.counts) {
          if (verdicts.has(verdict) && (!env || name === env) && suites.has(suite)) quiet += count;
        }
      }
      control.element.hidden = !rows && !quiet;
      entries += rows || quiet ? 1 : 0;
      shown += rows;
      silent += quiet;
    }
    for (const element of all("[data-env]")) {
      if (element.matches(".panel, .card, .unknowns li")) element.hidden = Boolean(env) && element.dataset.env !== env;
    }
    tell(shown, silent, entries, verdicts);
    remember(env);
  }

  function tell(shown, silent, entries, verdicts) {
    const parts = [];
    if (component) parts.push(`${component.name} in ${component.env} (${component.said}):`);
    if (shown || silent) {
      const what = [];
      if (shown) what.push(number(shown, "finding"));
      if (silent) what.push(`${silent.toLocaleString("en")} without anything to say`);
      parts.push(`${what.join(" and ")} of ${number(entries, "control")}.`);
    } else {
      parts.push("Nothing matches these filters.");
      if (!COUNTED.some((verdict) => verdicts.has(verdict))) parts.push("What passed is not shown; tick “pass” to see it.");
    }
    told.textContent = parts.join(" ");
  }

  // The filters stand in the address, so that a view can be handed on; a browser may refuse that for a local file.
  function remember(env) {
    const state = new URLSearchParams();
    if (env) state.set("env", env);
    for (const name of BOXES) {
      const boxes = all(`input[name=${name}]`, form);
      if (boxes.some((box) => box.checked !== initial.get(box))) {
        state.set(name, boxes.filter((box) => box.checked).map((box) => box.value).join(","));
      }
    }
    for (const id of ["area", "req", "search"]) if ($(id).value) state.set(id, $(id).value);
    const query = state.toString();
    try {
      history.replaceState(null, "", query ? `#?${query}` : location.hash.startsWith("#?") ? "#" : location.hash || "#");
    } catch {
      return;
    }
  }

  function recall() {
    if (!location.hash.startsWith("#?")) return;
    const state = new URLSearchParams(location.hash.slice(2));
    for (const radio of all("input[name=environment]")) radio.checked = radio.value === (state.get("env") || "");
    for (const name of BOXES) {
      if (!state.has(name)) continue;
      const chosen = state.get(name).split(",");
      for (const box of all(`input[name=${name}]`, form)) box.checked = chosen.includes(box.value);
    }
    for (const id of ["area", "req", "search"]) $(id).value = state.get(id) || "";
  }

  function reset() {
    for (const [box, checked] of initial) box.checked = checked;
    for (const id of ["area", "req", "search"]) $(id).value = "";
    component = null;
  }

  const choose = (name) => {
    for (const radio of all("input[name=environment]")) radio.checked = radio.value === name;
  };
  const tick = (name, values) => {
    for (const box of all(`input[name=${name}]`, form)) box.checked = !values || values.includes(box.value);
  };

  // A component, an area, a requirement, or a line of what is not known: each chooses its findings.
  function follow(event) {
    const link = event.target.closest("a[href='#findings']");
    if (!link || link.classList.contains("skip") || link.closest("nav")) return;
    event.preventDefault();
    const data = link.dataset;
    reset();
    if (data.env) choose(data.env);
    if (data.component) component = { id: data.component, name: data.name, env: data.env, said: data.said };
    if (data.area) $("area").value = data.area;
    if (data.req) $("req").value = data.req;
    if (data.area || data.req) tick("verdict", null);
    if (data.show) {
      const [suite, verdict] = data.show.split(" ").slice(-2);
      choose(data.show.split(" ").slice(0, -2).join(" "));
      tick("suite", [suite]);
      tick("verdict", [verdict]);
    }
    apply();
    told.tabIndex = -1;
    $("findings").scrollIntoView();
    told.focus({ preventScroll: true });
  }

  const themes = ["system", "light", "dark"];
  function theme(name) {
    if (name === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    $("theme").textContent = `Theme: ${name}`;
    $("theme").value = name;
    try {
      localStorage.setItem("skyworthy-theme", name);
    } catch {
      return;
    }
  }
  function kept() {
    try {
      return localStorage.getItem("skyworthy-theme");
    } catch {
      return null;
    }
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { apply(); });
  $("clear").addEventListener("click", () => { reset(); apply(); $("search").focus(); });
  document.addEventListener("click", follow);
  for (const radio of all("input[name=environment]")) radio.addEventListener("change", () => { component = null; apply(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search], select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $("search").focus();
    }
  });
  addEventListener("hashchange", () => { if (location.hash.startsWith("#?")) { recall(); apply(); } });

  $("theme").addEventListener("click", () => theme(themes[(themes.indexOf($("theme").value) + 1) % themes.length]));

  // On paper everything is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of closed) details.open = false; });

  theme(themes.includes(kept()) ? kept() : "system");
  recall();
  apply();
})();
