FROM python:3.13-slim
# The task definition's health check calls wget.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends wget \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY app app
ENV PYTHONUNBUFFERED=1
USER nobody
EXPOSE 80
CMD ["python", "-m", "app.frontend"]
