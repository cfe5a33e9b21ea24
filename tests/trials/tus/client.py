"""Sends files with tuspy, as its documentation says, and tells how each ended: one line of JSON per file.

Takes the path of a JSON file: {endpoint, token, files: [{path, photo, sha256, chunk, checksum}]}.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from tusclient import client

# So many files are on their way at the same time.
AT_ONCE = 4
# A client that got no further in so many tries has failed.
TRIES = 400

with open(sys.argv[1], encoding="utf-8") as told:
    plan = json.load(told)


def send(file):
    tus = client.TusClient(plan["endpoint"], headers={"Authorization": "Bearer " + plan["token"]})
    address, retries, error = None, 0, None
    while retries < TRIES:
        try:
            # A known address is gone on with where it stands; that question can meet a cut as well.
            uploader = tus.uploader(
                file_path=file["path"],
                url=address,
                chunk_size=file["chunk"],
                retries=3,
                retry_delay=0.01,
                metadata={"photo": file["photo"], "sha256": file["sha256"], "filename": "门牌照.jpg"},
                upload_checksum=file["checksum"],
            )
            if address is None:
                address = uploader.create_url()
                uploader.set_url(address)
                uploader.offset = uploader.get_offset()
            uploader.upload()
            return {"photo": file["photo"], "retries": retries, "error": None}
        except Exception as reason:  # whatever it is, the next try decides
            error, retries = repr(reason), retries + 1
            # An answer that was cut within its headers can leave half an address behind: there is nothing, or a page of the desk. It is
            # begun anew.
            status = getattr(reason, "status_code", None) or 0
            if 200 <= status < 500 and status != 409:
                address = None
    return {"photo": file["photo"], "retries": retries, "error": error}


with ThreadPoolExecutor(AT_ONCE) as senders:
    for outcome in senders.map(send, plan["files"]):
        print(json.dumps(outcome), flush=True)
