"""The ground floor: errors, kernels, dice, declared parts, the table of columns, questions.

Nothing here knows a game, a graph, Mesa or a language model.
"""
