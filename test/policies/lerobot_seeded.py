"""Run in LeRobot's environment: serve_lerobot whose every answer draws the same noise."""
from il_ros.policies.remote import serve_lerobot
import torch


class Seeded(serve_lerobot.LeRobotPolicy):
    def answer(self, observation):
        torch.manual_seed(0)  # as lerobot_checkpoint.py
        return super().answer(observation)


if __name__ == '__main__':
    serve_lerobot.LeRobotPolicy = Seeded
    raise SystemExit(serve_lerobot.main())
