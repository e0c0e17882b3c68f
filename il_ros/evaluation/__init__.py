"""How good a policy is: rollouts, statistics, reports."""
