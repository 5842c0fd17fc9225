"""Plays `come` and `goto` in the embedded world with LEGENT's own Python toolkit as the agent's side.

Run by tools/test-legent-python.sh, which makes the environment it needs. Arguments: the command that is the game, with
{port} for the port. Fails unless both tasks are done and every frame of them decodes.
"""

import shlex
import socket
import subprocess
import sys
import threading

import numpy as np
from legent.action.action import Action
from legent.action.api import GetSpatialRelations, ObjectInView, PathToUser
from legent.dataset.controller import Controller
from legent.dataset.eval import task_done
from legent.environment.env import Environment
from legent.protobuf.communicator_pb2 import ActionProto
from legent.utils.math import distance, vec_xz

WIDTH, HEIGHT = 160, 120


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reset(env):
    """A scene of the game's own: the toolkit would send one made of assets that only LEGENT's game has."""
    return env.step(ActionProto(type="RESET", api_calls='{"calls": []}'))


def check_view(obs):
    assert obs.image.shape == (HEIGHT, WIDTH, 3), obs.image.shape
    assert obs.image.std() > 1, "the view is blank"


def play(env, task, solution):
    controller = Controller(env, solution)
    trajectory = controller.collect_trajectory({"task": task}, traj_id="check", return_invalid=True)
    assert trajectory is not None, task
    for image in trajectory.images:
        assert image.shape == (HEIGHT, WIDTH, 3), image.shape
    return trajectory.steps, [action.to_string() for action in trajectory.actions]


def main():
    port = free_port()
    game = subprocess.Popen(shlex.split(" ".join(sys.argv[1:]).replace("{port}", str(port))))
    # The toolkit waits ten minutes for a game; one that ended is told sooner.
    threading.Thread(target=lambda: game.wait() and print(f"the game ended with {game.returncode}"), daemon=True).start()
    env = Environment(
        env_path=None, use_animation=False, camera_resolution_width=WIDTH, camera_resolution_height=HEIGHT,
        camera_field_of_view=90, run_options={"port": port})
    try:
        obs = reset(env)
        check_view(obs)
        states = obs.game_states
        print(f"scene: {len(states['instances'])} instances, the player says {obs.text!r}")

        obs = env.step(Action(api_calls=[PathToUser(), GetSpatialRelations()]))
        assert len(obs.api_returns["corners"]) >= 1, obs.api_returns
        assert len(obs.api_returns["object_relations"]) == len(states["instances"])

        # Teleports and turns do what they say.
        before = obs.game_states["agent_camera"]["forward"]
        after = env.step(Action(use_teleport=True, rotate_right=90)).game_states["agent_camera"]["forward"]
        turned = np.dot(vec_xz(before), vec_xz(after))
        assert abs(turned) < 1e-3, f"90 degrees to the right turned the view to a cosine of {turned}"

        steps, actions = play(env, "Come here.", ["goto_user()"])
        obs = env.step(Action())
        done, info = task_done("come", Action(), obs, {})
        assert done, info
        print(f"come: {steps} steps, {info['distance']:.2f} m from the player: {'; '.join(actions)}")

        # Object 0 means the user to the toolkit, so it cannot be gone to.
        reached = 0
        for index in range(1, len(states["instances"])):
            obs = reset(env)
            corners = env.step(Action(api_calls=[{"api": "PathToObject", "args": str(index)}])).api_returns["corners"]
            if not corners:
                continue
            name = states["instances"][index]["prefab"]
            steps, actions = play(env, f"Go to the {name}.", [f"goto({index})"])
            obs = env.step(Action(api_calls=[ObjectInView(index)]))
            agent = obs.game_states["agent"]["position"]
            position = obs.game_states["instances"][index]["position"]
            away = distance(vec_xz(agent), vec_xz(position))
            print(f"goto {name}: {steps} steps, {away:.2f} m away, in view: {obs.api_returns['in_view']}")
            assert steps < 40, actions
            end = distance(vec_xz(agent), vec_xz(corners[-1]))
            assert end < 0.6, f"{end:.2f} m from the end of the path"
            assert isinstance(obs.api_returns["in_view"], bool)
            reached += 1
            if reached == 5:
                break
        assert reached > 0, "no object has a path to it"
    finally:
        env.close()
    code = game.wait(timeout=30)
    assert code == 0, f"the game ended with {code}"
    print("the toolkit and the embedded world agree")


main()
