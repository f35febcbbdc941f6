create database hasura;
