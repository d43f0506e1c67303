"""How one talks to a language model: prompts, the journal of what was paid for, budgets, retries, transports."""
