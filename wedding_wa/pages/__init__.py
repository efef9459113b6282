"""The pages room: what people see, one module a page; no logic."""
