// What lies over the page: a dialog that takes the focus, gives it back, and closes on esc or a click beside it.
import { useKeys } from "../base/keys.js";
import { html, useLayoutEffect, useRef } from "../base/ui.js";

export function Over({ title, onClose, bindings = [], children }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  useKeys(title, [{ keys: "esc", does: "Close", typing: true, run: onClose }, ...bindings], true);
  const onClick = (event) => event.target === box.current && onClose();
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${box} class="over" aria-label=${title} onClick=${onClick} onCancel=${onCancel}>${children}</dialog>`;
}
