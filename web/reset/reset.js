"use strict";

/* The token stands behind the #, which no server ever sees. It leaves the address bar and the history at once. */
const token = location.hash.slice(1);
if (token) history.replaceState(null, "", location.pathname);

const LEAST = 10, GOOD = 16;
const find = (id) => document.getElementById(id);
const problem = find("problem");

function show(name, focus) {
    for (const section of document.querySelectorAll("section")) section.hidden = section.id !== name;
    problem.textContent = "";
    document.title = find(name + "-title").textContent;
    if (focus) find(name + "-title").focus();
}

function done(title, text) {
    find("done-title").textContent = title;
    find("done-text").textContent = text;
    show("done", true);
}

function complain(input, text) {
    input.setAttribute("aria-invalid", "true");
    problem.textContent = text;
    input.focus();
}

async function send(path, body) {
    const answer = await fetch("/api/v1/password-resets" + path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        credentials: "omit",
        referrerPolicy: "no-referrer",
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : {} };
}

/* What went wrong, in words for the person at the keyboard. */
function words(answer) {
    if (answer.status === 429) return "That was too often. Wait a few minutes, then try again.";
    if (answer.status === 409) return "Somebody else logs in with this e-mail address already.";
    return "That did not work. Try again in a moment.";
}

function on_submit(form, input, work) {
    form.addEventListener("submit", async (event) => {
        const button = form.querySelector(".main");
        event.preventDefault();
        problem.textContent = "";
        input.removeAttribute("aria-invalid");
        button.disabled = true;
        try {
            await work(input);
        } catch {
            problem.textContent = "The server cannot be reached. Is the network up?";
        } finally {
            button.disabled = false;
        }
    });
}

/* What was wrong is not held against the person once they mend it. */
document.addEventListener("input", (event) => {
    event.target.removeAttribute("aria-invalid");
    problem.textContent = "";
});

const characters = (text) => [...text].length;

on_submit(find("choose-form"), find("password"), async (input) => {
    if (characters(input.value) < LEAST) {
        complain(input, `The password needs at least ${LEAST} characters.`);
        return;
    }
    const answer = await send("/confirm", { token, password: input.value });
    const faults = answer.body.error?.details?.fields ?? [];
    if (answer.status === 204) {
        input.value = "";
        done("Your password is set", "You can log in with it now. Every older login of yours was ended.");
    } else if (faults.some((fault) => fault.field === "token")) {
        find("ask-title").textContent = "This link is no longer good";
        find("ask-lead").textContent = "It was used, or it is too old. Tell us the e\u2011mail address you log in with, and we " +
            "send you a new one. If you were invited, ask for another invitation.";
        show("ask", true);
    } else if (faults.length) {
        complain(input, "The password " + faults[0].problem + ".");
    } else {
        problem.textContent = words(answer);
    }
});

on_submit(find("ask-form"), find("email"), async (input) => {
    if (!input.value || !input.checkValidity()) {
        complain(input, "That is not an e-mail address.");
        return;
    }
    const answer = await send("", { email: input.value });
    if (answer.status === 202)
        done("Look into your mail", "If that address has a login, a link is on its way. It is good for one hour.");
    else if (answer.status === 422)
        complain(input, "That is not an e-mail address.");
    else
        problem.textContent = words(answer);
});

find("show").addEventListener("click", (event) => {
    const visible = find("password").type === "password";
    find("password").type = visible ? "text" : "password";
    event.target.textContent = visible ? "Hide" : "Show";
    event.target.setAttribute("aria-pressed", String(visible));
});

find("password").addEventListener("input", (event) => {
    const count = characters(event.target.value);
    const bar = find("bar");
    bar.style.width = Math.min(100, count / GOOD * 100) + "%";
    bar.classList.toggle("enough", count >= LEAST);
    find("password-help").textContent = count < LEAST ? `At least ${LEAST} characters.`
        : count < GOOD ? "Long enough. Longer is better." : "A fine length.";
});

show(token ? "choose" : "ask", false);
