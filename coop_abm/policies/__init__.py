"""Who decides: strategy tables, language models, humans, scripts, planners, and policies of one's own."""
