"""Small Mesa models, each with one habit that a row of a batch run depends on."""

from __future__ import annotations

import mesa
from mesa.experimental.scenarios import Scenario


class Walker(mesa.Agent):
    """Takes one random step at a time; leaves after its lifetime."""

    def __init__(self, model, lifetime=10):
        super().__init__(model)
        self.place, self.lifetime = 0, lifetime

    def step(self):
        self.place += self.random.choice((-1, 1))
        self.lifetime -= 1
        if self.lifetime <= 0:
            self.remove()


class Runner(Walker):
    """Another type."""


class Walk(mesa.Model):
    """Reports of the model alone; takes rng."""

    def __init__(self, walkers=2, far=0.5, rng=None):
        super().__init__(rng=rng)
        Walker.create_agents(self, walkers)
        self.far = far
        self.datacollector = self.collector()
        self.datacollector.collect(self)

    def collector(self):
        return mesa.DataCollector({"sum": lambda m: sum(a.place for a in m.agents), "far": "far"})

    def step(self):
        self.agents.do("step")
        self.datacollector.collect(self)


class Keywords(Walk):
    """Takes rng among **kwargs."""

    def __init__(self, walkers=3, **kwargs):
        super().__init__(walkers, **kwargs)


class Seeded(Walk):
    """Calls its seed seed."""

    def __init__(self, walkers=2, seed=None):
        super().__init__(walkers, rng=seed)


class Stops(Walk):
    """Is over after three steps."""

    def step(self):
        super().step()
        self.running = self.steps < 3


class Agents(Walk):
    """A row for each agent; they are gone after two steps, so later rows are of the model alone."""

    def __init__(self, walkers=2, lifetime=2, rng=None):
        super().__init__(walkers, rng=rng)
        for agent in self.agents:
            agent.lifetime = lifetime

    def collector(self):
        return mesa.DataCollector({"agents": lambda m: len(m.agents), "place": "steps"}, {"place": "place"})


class Types(Agents):
    """Agents, and agents of one type; of one type none are left at the end."""

    def __init__(self, rng=None):
        super().__init__(2, 9, rng=rng)
        Runner.create_agents(self, 2, lifetime=2)

    def collector(self):
        return mesa.DataCollector(
            {"steps": "steps"}, {"place": "place"}, {Runner: {"speed": lambda a: a.place}, Walker: {"left": "lifetime"}}
        )


class Twice(Agents):
    """Collects twice at one time."""

    def step(self):
        super().step()
        self.datacollector.collect(self)


class Silent(Walk):
    """Never collects anything."""

    def step(self):
        pass

    def __init__(self, rng=None):
        super(Walk, self).__init__(rng=rng)
        self.datacollector = mesa.DataCollector({"steps": "steps"})


class OnlyAgents(Walk):
    """Asks nothing but of its agents."""

    def collector(self):
        return mesa.DataCollector(agent_reporters={"place": "place"})


class Uncollected(mesa.Model):
    """Has no data collector."""

    def __init__(self, rng=None):
        super().__init__(rng=rng)


class Unseeded(Walk):
    """Takes no seed."""

    def __init__(self, walkers=2):
        super().__init__(walkers)


class Faulty(Walk):
    """Raises, or wants to end the process, in some runs."""

    def __init__(self, bad=(), how="raise", walkers=2, rng=None):
        super().__init__(walkers, rng=rng)
        self.ill = rng in bad
        self.how = how

    def step(self):
        super().step()
        if self.ill:
            if self.how == "exit":
                raise SystemExit(3)
            raise ValueError("the well is poisoned\x1b[31m\nand more")


class Needs(Walk):
    """Has a parameter without a default."""

    def __init__(self, well, walkers=2, rng=None):
        super().__init__(walkers, rng=rng)


class Reports(Walk):
    """Reports whatever it is given."""

    def __init__(self, value=None, rng=None):
        self.value = value
        super().__init__(rng=rng)

    def collector(self):
        return mesa.DataCollector({"value": "value"})


class WalkScenario(Scenario):
    """What ScenarioWalk is declared by; a field without an annotation, one without a default."""

    walkers: int = 2
    far = 0.25
    label: str


class OtherScenario(Scenario):
    """A second one in this module, so the annotation must tell."""


class ScenarioWalk(Walk):
    """Takes a Scenario, and one knob of its own."""

    def __init__(self, start=0, scenario: WalkScenario | None = None):
        scenario = scenario or WalkScenario()
        super(Walk, self).__init__(scenario=scenario)
        Walker.create_agents(self, scenario.walkers)
        self.far, self.start = scenario.far, start
        self.datacollector = mesa.DataCollector(
            {"walkers": lambda m: len(m.agents), "far": "far", "start": "start", "seed": lambda m: m.scenario.rng}
        )
        self.datacollector.collect(self)


class Unannotated(ScenarioWalk):
    """Whoever makes it without a scenario knows which it is."""

    def __init__(self, scenario=None):
        super().__init__(scenario=scenario)


class AdHoc(ScenarioWalk):
    """Takes a Scenario that declares nothing."""

    def __init__(self, scenario=None):
        super().__init__(scenario=scenario or Scenario(walkers=4, far=1.0))
