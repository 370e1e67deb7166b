// Walks through a page and looks at what it made of what it shows; for the test of hostile content.
(() => {
  const BAD = "script,iframe,object,embed,link,style,base,meta,math,img,image,video,audio,source,template,frameset,applet,"
    + "portal,marquee,foreignObject,animate,set,use,[srcdoc],[style*='leak'],[ping],[formaction],[background],[poster]";
  let busy = 0;
  const fetched = window.fetch;
  window.fetch = (...asked) => {
    busy += 1;
    return fetched(...asked).finally(() => setTimeout(() => (busy -= 1)));
  };
  // Nobody looks: what waits for the next picture need not.
  window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()));
  let changes = 0;
  new MutationObserver(() => (changes += 1)).observe(document, { subtree: true, childList: true, characterData: true });
  const frame = () => new Promise(requestAnimationFrame);
  async function settle() {
    for (let same = 0, turn = 0, last = -1; same < 3 && turn < 1000; turn += 1) {
      await frame();
      same = busy === 0 && changes === last && document.querySelector("main > *") ? same + 1 : 0;
      last = changes;
    }
  }
  async function unfold() {
    for (let turn = 0; turn < 6; turn += 1) {
      const closed = document.querySelectorAll("details:not([open])");
      if (!closed.length) return;
      closed.forEach((one) => (one.open = true));
      await settle();
    }
  }
  function inspect(found) {
    const page = document.getElementById("app");
    const wrongs = [...page.querySelectorAll(BAD)].map((one) => one.outerHTML.slice(0, 200));
    let said = page.textContent;
    for (const one of page.querySelectorAll("*")) {
      for (const { name, value } of one.attributes) {
        said += ` ${value}`;
        const link = ["href", "src", "action", "xlink:href"].includes(name);
        if (name.startsWith("on") || (link && !/^(https?:|[/?#]|$)/.test(value))) wrongs.push(`${name}=${value}`);
        if (link && /^https?:/.test(value) && !one.closest(".markdown")) wrongs.push(`${name}=${value}`);
      }
    }
    for (const [, place, number] of said.matchAll(/([a-z]+)-(\d{3})(?!\d)/g)) found.add(`${place} ${Number(number)}`);
    if ({}.polluted !== undefined || Object.prototype.innerHTML !== undefined) wrongs.push("polluted");
    return wrongs;
  }
  async function scroll(found, wrongs) {
    for (const box of document.querySelectorAll(".table, .talk, .falls")) {
      for (let top = 0; top + box.clientHeight < box.scrollHeight; top += box.clientHeight / 2) {
        box.scrollTop = top + box.clientHeight / 2;
        await settle();
        wrongs.push(...inspect(found));
      }
    }
  }
  window.inspect = inspect;
  window.walk = async (urls) => {
    document.documentElement.style.visibility = "hidden"; // what is painted needs half of the time
    const found = new Set();
    const wrongs = [];
    for (const url of urls) {
      history.pushState({}, "", url);
      dispatchEvent(new PopStateEvent("popstate"));
      await settle();
      await unfold();
      wrongs.push(...inspect(found).map((wrong) => `${url}: ${wrong}`));
      await scroll(found, wrongs);
    }
    return { found: [...found], wrongs };
  };
})();
