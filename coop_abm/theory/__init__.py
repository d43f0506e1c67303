"""What theory says should be seen: formulas over plain numbers and arrays.

Nothing here knows a scenario, a graph object or a simulator. Strategy 0 is the cooperator (or reciprocator)
A, strategy 1 the defector B, and ``M[s, t]`` is the payoff to s against t, so M = [[a, b], [c, d]].
Import from the module that has the idea:

==============  ====================================================================================
thresholds      critical benefit-to-cost ratios in closed form: the textbook limit and the finite size
transforms      each rule as a transformation of the payoff matrix, and their lawful composition
composition     the law in one line, K = sigma (1+r)/(1-r) / ((1-w)(1-q)), and its velocities
fixation        well-mixed populations, exact at any intensity: who takes over, and how long it takes
mutation        how often each strategy is seen in the long run, with rare or frequent mutations
replicator      large populations: the replicator equation, rest points, and the same on regular graphs
chain           the exact 2^N Markov chain of a small graph under four update rules
coalescence     the exact weak-selection critical ratio of any weighted graph
birth_death     the same under birth-death updating, where lines do not move at one pace
ancestry        the two walks of a structure: who inherits from whom, and who plays with whom
meeting         when two ancestral lines meet: the linear equations, solved exactly
remeeting       the same ratio for graphs of any size, from walks that meet, with an interval
lines           the kernels of those walks
advice          which edge to add or to remove so that cooperation needs the least benefit
groups          the exact chain of Traulsen-Nowak group splitting, with migration
group_steps     its states, and every step between them
group_networks  fixed groups as a weighted graph, and networked groups that rarely duplicate
absorption      the linear system behind every exact chain
automata        expected payoffs of two automata in one repeated encounter
inference       intervals and tests on replication means: two arms, the best of three, two factors, power
samples         replications as samples, and what a test or an interval is
permutation     two arms, in pairs or inside strata: every arrangement, or many
bootstrap       intervals of observations that come in clusters
factors         two factors and their interaction, by permutation
power           how often an effect of a stated size would be found
recognition     which strategy somebody plays, and which cannot be told apart
trajectories    what was done beside what each strategy would have done
likelihood      of a trajectory, with slips of the hand
posterior       of the strategies of a library
shares          of strategies in a population, by EM (SFEM)
classifier      strategies told apart by features of trajectories
confusion       simulated players, recognised again
roots           where a difference of fixation probabilities changes sign
arguments       what the formulas accept, refused early and in words
==============  ====================================================================================
"""
