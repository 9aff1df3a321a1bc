"""What celery's workers run: tasks that emit an event each. The broker is a folder."""

from __future__ import annotations

import os
import time

from celery import Celery

from tests.servers.application import emit

folder = os.environ["BROKER"]
app = Celery("tests.servers.tasks", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder}
app.conf.broker_connection_retry_on_startup = True
app.conf.worker_hijack_root_logger = False


@app.task
def emitting(name: str) -> None:
    print(f"task {name} is {emit(name)}")


@app.task
def emitting_and_waiting(name: str) -> None:
    print(f"task {name} is {emit(name)}")
    time.sleep(600)
