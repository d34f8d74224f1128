"""Prints the RDS IAM token that Amazon's own client makes."""

import json
import sys

from botocore.session import Session

asked = json.load(sys.stdin)
session = Session()
session.set_credentials(asked["id"], asked["secret"], asked["token"])
client = session.create_client("rds", region_name=asked["region"])
token = client.generate_db_auth_token(asked["host"], asked["port"], asked["user"], asked["region"])
json.dump({"token": token}, sys.stdout)
