// The sheet of invitation cards: its one button.
document.getElementById("print")?.addEventListener("click", () => window.print());
