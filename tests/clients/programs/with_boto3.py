"""One object from S3, with a capability token added after the request is signed: the gateway takes it away again."""

import os
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

url = urlsplit(os.environ["URL"])
s3 = boto3.client(
    "s3",
    region_name="us-east-1",
    endpoint_url=f"https://{url.netloc}",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
)
s3.meta.events.register(
    "before-send.s3", lambda request, **_: request.headers.update({"AISecOps-Capability": os.environ["CAPABILITY"]})
)
bucket, _, key = url.path.removeprefix("/").partition("/")
s3.get_object(Bucket=bucket, Key=key)["Body"].read()
