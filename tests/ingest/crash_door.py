"""A door behind uvicorn, to be killed. Arguments: the folder and the port."""

import importlib.abc
import sys
from pathlib import Path


class WithoutPandas(importlib.abc.MetaPathFinder):
    """Arrow loads pandas where it finds it, which takes a second of each of many starts."""

    def find_spec(self, fullname, path, target=None):
        if fullname == "pandas":
            raise ImportError(fullname)


def main(folder: Path, port: int) -> None:
    import uvicorn

    from modelward.audit.keys import use_settings
    from modelward.ingest.door import Door
    from modelward.ingest.journal import Journal
    from modelward.kit.database import open_database
    from modelward.settings import settings_from

    settings = settings_from({}, data_dir=folder)
    database = use_settings(open_database(settings.database_url), settings)
    door = Door(Journal(folder / "journal", segment_bytes=20_000), database, settings)
    uvicorn.run(door, host="127.0.0.1", port=port, http="httptools", lifespan="off", log_level="error")


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    main(Path(sys.argv[1]), int(sys.argv[2]))
