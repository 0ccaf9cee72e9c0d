// The page calls only its own backend.

const [form, register, login, status] = ["form", "#register", "#login", "[role=status]"].map((s) => document.querySelector(s));

async function post(path, body) {
  const response = await fetch(`/api/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const result = await response.json();
  if (!response.ok) throw new Error(`${result.code}: ${result.message ?? ""}`);
  return result;
}

/** Runs an action on an event, and shows its result or its error. */
function on(element, event, action) {
  element.addEventListener(event, async (happened) => {
    happened.preventDefault();
    try {
      status.textContent = await action();
    } catch (error) {
      status.textContent = `Not possible. ${error.message}`;
    }
  });
}

/** Connects the buttons. `create` and `get` perform WebAuthn and return the result in JSON form. */
export function start({ create, get }) {
  on(form, "submit", async () => {
    const { name } = await post("password", Object.fromEntries(new FormData(form)));
    register.hidden = login.hidden = false;
    return `Signed in as ${name} with the password. Now the second factor.`;
  });
  on(register, "click", async () => {
    await post("register/verify", await create(await post("register/options", {})));
    return "Second factor registered.";
  });
  on(login, "click", async () => {
    const { name } = await post("login/verify", await get(await post("login/options", {})));
    return `Signed in as ${name} with both factors.`;
  });
}
