"""Results that outlive a run, one file for each, so that an interrupted run loses nothing."""
import datetime
import hashlib
import json
import os

from .machine import cache


class Store:
    def __init__(self, machine):
        name = "".join(c if c.isalnum() else "-" for c in machine.cpu)
        self.folder = cache() / "results" / f"{name}-{machine.threads}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.machine = machine

    def _path(self, key):
        # The name is for people, the digest makes it unique.
        text = "".join(c if c.isalnum() else "-" for c in key)[:80]
        return self.folder / f"{text}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.json"

    def get(self, key):
        try:
            return json.loads(self._path(key).read_text())
        except (OSError, ValueError):
            return None

    @property
    def is_empty(self):
        return not any(self.folder.glob("*.json"))

    def is_current(self, key):
        found = self.get(key)
        return bool(found) and found.get("engine") == self.machine.engine and "reason" not in found

    def put(self, key, **values):
        values.update(key=key, date=datetime.date.today().isoformat(), engine=self.machine.engine)
        temporary = self._path(key).with_suffix(".tmp")
        temporary.write_text(json.dumps(values, indent=1))
        os.replace(temporary, self._path(key))
