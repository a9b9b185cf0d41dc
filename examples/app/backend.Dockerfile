FROM python:3.13-slim
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app app
ENV PYTHONUNBUFFERED=1
USER nobody
EXPOSE 8000
CMD ["python", "-m", "app.backend"]
