"""The three classes that the Python tool's catalog names, as PyYAML users write them. Reads a catalog, checks that each
backup is what the rest of that tool would expect, and writes it again as that tool does.

    seed.py FILE            prints the catalog that it writes
    seed.py --schedule FILE prints an upload schedule's facts as JSON
"""

import json
import sys

import yaml


class SnapshotDto(yaml.YAMLObject):
    yaml_tag = "!SnapshotDto"
    yaml_loader = yaml.SafeLoader


class S3BackupDto(yaml.YAMLObject):
    yaml_tag = "!S3BackupDto"
    yaml_loader = yaml.SafeLoader


class S3BackupStructureDto(yaml.YAMLObject):
    yaml_tag = "!S3BackupStructureDto"
    yaml_loader = yaml.SafeLoader


class S3UploadScheduleLayoutDto(yaml.YAMLObject):
    yaml_tag = "!S3UploadScheduleLayoutDto"
    yaml_loader = yaml.SafeLoader


class S3UploadScheduleDto(yaml.YAMLObject):
    yaml_tag = "!S3UploadScheduleDto"
    yaml_loader = yaml.SafeLoader


def check_snapshot(snapshot):
    assert type(snapshot) is SnapshotDto, snapshot
    assert type(snapshot.name) is str and "@" in snapshot.name, snapshot.name
    assert type(snapshot.guid) is str and snapshot.guid.isdigit(), snapshot.guid


def check_backup(backup):
    assert type(backup) is S3BackupDto, backup
    check_snapshot(backup.snapshot)
    if backup.base is not None:
        check_snapshot(backup.base)


if sys.argv[1] == "--schedule":
    with open(sys.argv[2]) as file:
        schedule = yaml.safe_load(file)
    assert type(schedule) is S3UploadScheduleDto, schedule
    check_backup(schedule.backup)
    base = schedule.backup.base
    facts = {
        "snapshot": vars(schedule.backup.snapshot),
        "base": None if base is None else vars(base),
        "layout": vars(schedule.layout),
    }
    print(json.dumps(facts))
else:
    with open(sys.argv[1]) as file:
        catalog = yaml.safe_load(file)
    assert type(catalog) is S3BackupStructureDto, catalog
    assert type(catalog.backups) is list, catalog.backups
    for backup in catalog.backups:
        check_backup(backup)
    sys.stdout.write(yaml.dump(catalog))
